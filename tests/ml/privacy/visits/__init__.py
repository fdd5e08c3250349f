"""A small use case about people: does a patient come back within a month? All of it is made up."""
