as_root sh -eu -c 'for path; do for old in "$path".before-* "$path".none-*; do [ ! -e "$old" ] || rm -f -- "$old"; done; done' forget "$@"
echo "no settings and files from before are left"
