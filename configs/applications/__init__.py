"""The applications: each has APPLICATION, get_config(scale), claims() and tasks(scale).

`own(scale, dataset)` gives the tasks for the user's own data, where it takes any.
"""
