# Beat and the camera run on one worker of the environment only.
if [ "$beat" = no ]; then
once=$(named "$up" yes)
[ -z "$once" ] || ctl stop $once </dev/null
kind=no
else kind=any; fi
stopped=$(named "$down" "$kind")
[ -z "$stopped" ] || ctl start $stopped </dev/null || :
dead=$(named "$down BACKOFF STARTING STOPPING" "$kind" | tr '\n' ' ')
[ -z "$dead" ] || { programs; fail "does not run: $dead"; }
programs
