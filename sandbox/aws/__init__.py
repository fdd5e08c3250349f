"""The sandbox's AWS provider: Pulumi's `aws` package, served from a table of types over an emulator."""
