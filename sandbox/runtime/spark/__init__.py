"""Job runs of EMR Serverless: the entry point runs, with this machine's interpreter and packages."""
