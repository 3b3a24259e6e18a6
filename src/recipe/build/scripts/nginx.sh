said=$(nginx -t 2>&1) || fail "Nginx refuses its configuration: $said. Mend the project's nginx.conf, and resume"
if ! systemctl is-enabled -q nginx || ! systemctl is-active -q nginx; then
changes "starting Nginx, at the next boot too"
systemctl -q enable nginx
systemctl restart nginx || fail "Nginx does not start: journalctl -u nginx on the server says why. Mend that, and resume"
fi
systemctl is-enabled -q quarterdeck-own-addresses || fail "quarterdeck-own-addresses.service, by which the server learns its own addresses when it boots, is not enabled: resume the run from the files of services"
finish
