# Nobody else reads what was in Redis.
umask 077
install -d -m 700 -- "${file%/*}"
