# Local file systems: a lost NFS server would hang the question. Output, in bytes, then what is mounted read-only
# (blanks in a path are \040 there):
#   Type          1B-blocks        Used       Avail IUse% Filesystem Mounted on
#   ext4         8065444864  5123399680  2925268992   12% /dev/root  /
#   ro /boot/efi
df -l -B1 --output=fstype,size,used,avail,ipcent,source,target; c=$?
awk '$4 ~ /^ro(,|$)/ { print "ro " $2 }' /proc/self/mounts || exit 3
exit $c
