"""The use case: will a flight from New York arrive an hour late, asked two hours before it departs?"""
