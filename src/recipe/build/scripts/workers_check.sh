# Whether each worker of this server answers by the queue server, as whoever sends it tasks would ask it.
name=$(hostname)
answers() {
as_user "$run_as" env ${settings_module:+"DJANGO_SETTINGS_MODULE=$settings_module"} sh -c 'cd "$1" && shift && exec timeout 30 "$@"' ping "$code_root" "$virtualenv/bin/celery" --app "$celery_app" inspect --timeout 5 ping --json 2>/dev/null </dev/null |
grep -o '"[^"]*": *{"ok": *"pong"}' | grep -cF "$name\"" || :
}
all_answer() { [ "$(answers)" -ge "$count" ]; }
wait_for 120 all_answer || fail "$(answers) of $count Celery workers of this server answer by the queue server: their logs say why, and whether the cache server lets this one in (port 5672). Mend that, and resume"
echo "all $count Celery workers of this server answer"
exit 0
