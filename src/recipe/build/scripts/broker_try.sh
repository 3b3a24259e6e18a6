[ -n "${broker_password:-}" ] || fail "no broker_password came along: resume in the project's directory"
lets_in || fail "RabbitMQ does not let $user in with the project's broker_password, and bringing settings to servers changes no password of a queue: use rotate-secret --secret broker_password, or fetch what servers have with quarterdeck secrets pull. Nothing was changed"
echo "RabbitMQ lets $user in with broker_password"
exit 0
