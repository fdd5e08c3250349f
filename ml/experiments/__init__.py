"""Experiments: is the challenger better, without fooling ourselves by looking often?"""
