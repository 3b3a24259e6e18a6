# systemd units of the role: $wanted is expected there, $welcome may be there. Output: which those are, then one block
# for each unit, in any order, with an empty line between:
#   wanted=nginx.service supervisor.service
#   Id=nginx.service
#   Names=nginx.service
#   LoadState=loaded
#   ActiveState=active
#   SubState=running
#   NRestarts=0
#   StateChangeTimestamp=Sun 2026-11-22 21:58:32 UTC
#   ActiveEnterTimestamp=Sun 2026-11-22 21:58:32 UTC
case " $wanted " in *' postgresql.service '*)
for d in /etc/postgresql/*/*/; do
[ -d "$d" ] || continue
d=${d%/}; v=${d%/*}; u=postgresql@${v##*/}-${d##*/}.service
if grep -qsx auto "$d/start.conf"; then wanted="$wanted $u"; else welcome="$welcome $u"; fi
done ;;
esac
echo "wanted=$wanted"
systemctl show -p Id,Names,LoadState,ActiveState,SubState,NRestarts,StateChangeTimestamp,ActiveEnterTimestamp -- $wanted $welcome
