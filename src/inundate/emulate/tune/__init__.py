"""Studies of settings: try them, give up those that lag, tell what that bought.

Only the training and the validation part of a data set are ever read.
"""
