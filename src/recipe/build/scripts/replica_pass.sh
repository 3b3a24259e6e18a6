to=$kept
{ cat "$safe/pass"; if [ -e "$pass" ]; then awk -v line="$primary:*:*:${database_user}_repl:" 'index($0, line) != 1' "$pass"; fi; } >"$safe/passes"
put "$pass" 600 postgres:postgres <"$safe/passes"
