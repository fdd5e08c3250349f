"""The data functions (invokes), one file a service; `sandbox.aws.invokes` gathers them."""
