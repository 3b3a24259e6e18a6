[ -n "${awslogs_secret_access_key:-}" ] || fail "no awslogs_secret_access_key came along: resume, and it is asked for"
agent=/opt/aws/amazon-cloudwatch-agent
ctl=$agent/bin/amazon-cloudwatch-agent-ctl
if [ ! -x "$ctl" ]; then
if apt-cache show amazon-cloudwatch-agent >/dev/null 2>&1; then need amazon-cloudwatch-agent
else
# Neither Ubuntu nor Debian has it: it comes from AWS itself.
need ca-certificates curl
of=$(. /etc/os-release; echo "$ID")
url=https://amazoncloudwatch-agent-$region.s3.$region.amazonaws.com/$of/$(dpkg --print-architecture)/latest/amazon-cloudwatch-agent.deb
changes "fetching the CloudWatch agent"
curl -fsSL --retry 3 --max-time 900 -o "$work/agent.deb" "$url" || fail "this distribution has no package amazon-cloudwatch-agent, and it could not be fetched from $url: let the server reach that, or take an image that has it, and resume. Without awslogs_access_key_id in fabulaws-config.yml it is left out"
apt_get install "$work/agent.deb" || fail "apt did not install the CloudWatch agent: its last lines say why. Mend that, and resume"
fi
[ -x "$ctl" ] || fail "the CloudWatch agent is installed, and there is no $ctl: look at the package on the server, and resume"
fi
put "$agent/etc/quarterdeck-credentials" 600 root:root <<CONF
[AmazonCloudWatchAgent]
aws_access_key_id = $key_id
aws_secret_access_key = $awslogs_secret_access_key
CONF
put "$agent/etc/common-config.toml" 644 root:root <<CONF
[credentials]
shared_credential_profile = "AmazonCloudWatchAgent"
shared_credential_file = "$agent/etc/quarterdeck-credentials"
CONF
put "$agent/etc/quarterdeck.json" 644 root:root <<CONF
$settings
CONF
if [ -n "$changed" ] || ! systemctl is-active -q amazon-cloudwatch-agent; then
changes "starting the CloudWatch agent with its settings"
"$ctl" -a fetch-config -m ec2 -s -c "file:$agent/etc/quarterdeck.json" || fail "the CloudWatch agent does not take its settings: its last lines say why. Mend that, and resume"
systemctl -q enable amazon-cloudwatch-agent
systemctl is-active -q amazon-cloudwatch-agent || fail "the CloudWatch agent does not run: $agent/logs on the server says why. Mend that, and resume"
fi
finish
