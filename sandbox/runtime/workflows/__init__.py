"""State machines of Step Functions whose executions really run."""
