"""CloudWatch's metric alarms: evaluated as metrics arrive, and their actions carried out."""
