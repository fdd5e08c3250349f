"""The command `ml tradeoff`: which model on which machine, for quality, latency and price?"""
