name=${python##*/}
# What is not where the distribution puts it, somebody else has put there.
case $python in
/usr/bin/*|"$name") of_python="$name $name-venv $name-dev" ;;
*) of_python= ;;
esac
wanted="ca-certificates curl openssl logrotate supervisor pgbouncer stunnel4 postgresql-client libpq-dev build-essential $of_vcs $of_web $of_python $packages"
unknown=
for package in $wanted; do apt-cache show "$package" >/dev/null 2>&1 || unknown="$unknown $package"; done
[ -z "$unknown" ] || fail "this distribution has no package$unknown: see python and app_server_packages in fabulaws-config.yml, or take an image that has it"
need $wanted
"$python" -c 'import ensurepip, venv' >/dev/null 2>&1 || fail "$python makes no virtualenvs here: see python in fabulaws-config.yml, or take an image that has it"
# Both run under Supervisor, with the environment's own files.
for unit in pgbouncer stunnel4; do
if systemctl is-enabled -q "$unit" 2>/dev/null || systemctl is-active -q "$unit"; then
systemctl -q disable --now "$unit" 2>/dev/null || fail "the distribution's own unit $unit cannot be switched off: systemctl status $unit on the server says why. Mend that, and resume"
changes "switched the distribution's own unit $unit off"
fi
done
put /etc/systemd/system/supervisor.service.d/quarterdeck.conf 644 root:root <<CONF
[Service]
LimitNOFILE=65536
CONF
settle supervisor /etc/systemd/system/supervisor.service.d/quarterdeck.conf
wait_for 60 supervisorctl pid || fail "Supervisor does not answer: journalctl -u supervisor on the server says why. Mend that, and resume"
if [ -n "$of_web" ] && [ ! -s /etc/ssl/private/ssl-cert-snakeoil.key ]; then
make-ssl-cert generate-default-snakeoil
changes "made the snakeoil certificate"
fi
finish
