# Beat and the camera run on one worker of the environment only.
if [ "$beat" = no ]; then
once=$(named "$up" yes)
[ -z "$once" ] || ctl stop $once </dev/null
kind=no
else kind=any; fi
# What still ends its tasks from an earlier stop cannot be started: Supervisor ends that wait after stopwaitsecs itself.
waited=0
while ending=$(named STOPPING "$kind" | tr '\n' ' '); [ -n "$ending" ] && [ "$waited" -lt 600 ]; do
[ $((waited % 10)) -ne 0 ] || echo "waiting ${waited} s of 600 for ${ending}to end"
sleep 1; waited=$((waited+1))
done
stopped=$(named "$down" "$kind")
# A group is started side by side; programs by their names one after the other, each until it has been up for a while.
if [ -n "$stopped" ] && [ "$kind" = any ]; then ctl start "$group:*" </dev/null || :
elif [ -n "$stopped" ]; then ctl start $stopped </dev/null || :; fi
# What a new configuration has started by itself takes its time, too.
waited=0
while [ -n "$(named STARTING "$kind")" ] && [ "$waited" -lt 60 ]; do sleep 1; waited=$((waited+1)); done
dead=$(named "$down BACKOFF STARTING STOPPING" "$kind" | tr '\n' ' ')
[ -z "$dead" ] || { programs; fail "does not run: $dead"; }
programs
