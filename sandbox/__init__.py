"""A laptop's AWS for any Pulumi Python program: an engine, a provider and a runtime over an emulator."""
