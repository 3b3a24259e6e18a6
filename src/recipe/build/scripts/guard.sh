need fail2ban python3-systemd unattended-upgrades chrony
put /etc/apt/apt.conf.d/20auto-upgrades 644 root:root <<CONF
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
CONF
# Not every image has rsyslog, whose file fail2ban would read.
put /etc/fail2ban/jail.d/quarterdeck.local 644 root:root <<CONF
[sshd]
enabled = true
backend = systemd
CONF
settle fail2ban /etc/fail2ban/jail.d/quarterdeck.local
wait_for 60 fail2ban-client ping || fail "fail2ban does not answer: journalctl -u fail2ban on the server says why. Mend that, and resume"
systemctl is-enabled -q chrony || { systemctl -q enable --now chrony; changes "started chrony"; }
finish
