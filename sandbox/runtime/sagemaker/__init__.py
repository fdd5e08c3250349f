"""SageMaker that really runs: jobs, pipelines and endpoints as processes of this machine."""
