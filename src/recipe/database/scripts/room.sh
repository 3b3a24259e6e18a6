[ "$(in_recovery)" = f ] || fail "the PostgreSQL of this server is a replica: its primary is meant. Nothing was changed"
if [ ! -d "$to" ]; then
install -d -m 700 -o postgres -g postgres -- "$to"
changes "made $to"
fi
free=$(free_in "$to")
echo "the disk of $to has $free MB free, and $needed MB are needed"
[ "$tight" = yes ] || [ "$free" -gt $((needed + 512)) ] || fail "file and database may take $needed MB together, and the disk of $to has $free MB free: make room, or give --override little-room. Nothing was changed"
finish
