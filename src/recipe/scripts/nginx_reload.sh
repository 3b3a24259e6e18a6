as_root nginx -t
as_root systemctl reload nginx
echo "Nginx has read its configuration again"
