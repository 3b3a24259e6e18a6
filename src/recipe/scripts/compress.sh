# Without the manifest every page would be a 500, so that a failure here is one of the deploy.
if manage help --commands | grep -qx compress; then
manage compress --force
echo "static files are compressed"
else
echo "the project compresses nothing"
fi
