# What the roles' recipes and the environment agree on: the names of a FabulAWS project and its derived paths.
# Sourced by scripts of the lab, outside and inside hosts.
project=myproject env=staging
deploy_user=myproject web_user=myproject-web
home=/home/$deploy_user
services=$home/services
root=$home/www/$env
log_dir=$root/log code_root=$root/code_root virtualenv=$root/env
database=${project}_$env vhost=${project}_$env
database_user=$project replication_user=${project}_repl
# Of no value: everything is on a bridge of this machine.
database_password=not-a-secret-1 replication_password=not-a-secret-2 broker_password=not-a-secret-3
server_port=8000 pgbouncer_port=5432
