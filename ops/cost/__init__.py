"""What does a stack cost a month?"""
