# No secrets at all: the lab is reached from nowhere.
database_password = "not-a-secret-1"
broker_password = "not-a-secret-3"
secret_key = "not-a-secret-4"
