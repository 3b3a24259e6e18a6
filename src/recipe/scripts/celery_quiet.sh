# What makes tasks by itself stops; the workers go on.
once=$(named "$up" yes)
[ -z "$once" ] || ctl stop $once </dev/null
left=$(named "$up" yes | tr '\n' ' ')
[ -z "$left" ] || fail "still running: $left"
echo "beat and the camera are stopped, and the workers go on"
