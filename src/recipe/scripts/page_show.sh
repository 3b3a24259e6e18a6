as_user "$deploy_user" sh -c 'if [ ! -e "$1/503.html" ]; then echo page=off
elif [ -e "$1$2" ]; then echo page=healthy
else echo page=unhealthy; fi' page "$services/nginx/html" "$health_path"
