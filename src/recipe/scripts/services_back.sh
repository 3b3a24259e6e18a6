unlinked "$nginx_link"; unlinked "$supervisor_link"
reread || fail "Supervisor cannot read its configuration: $said"
restart_pools || fail "PgBouncer or Stunnel does not run: $said"
if [ "$site" = yes ] && systemctl is-active -q nginx; then
as_root nginx -t
as_root systemctl reload nginx
fi
