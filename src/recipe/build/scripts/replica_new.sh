if is_replica && wait_for 60 streams; then
rm -rf -- "$data.before" "$data.copy" "$data.copy.whole"
finish
fi
