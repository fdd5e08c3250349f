"""What is a stack made of, and what needs what?"""
