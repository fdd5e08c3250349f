"""What makes the emulated cloud run: the host of the emulator, jobs, pipelines, endpoints, functions,
budgets."""
