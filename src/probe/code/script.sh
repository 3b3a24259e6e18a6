# The changeset checked out, from the files of Git or Mercurial themselves: it needs no tool, takes no time, and nobody
# minds who owns the checkout. Where they are not as usual, git is asked. As the user who owns the code. Output:
#   changeset=4a5671cc8dcf225246a3380316723ce32f402a39
#   branch=main                      where it is on one
# or, with Mercurial, the beginning of its dirstate in hexadecimal:
#   dirstate=0d1f…
#   branch=default
as_user "$deploy_user" sh -c 'cd "$1" 2>/dev/null || { echo "there is no directory $1" >&2; exit 2; }
if [ -d .hg ]; then
echo "dirstate=$(od -An -v -tx1 -N 32 .hg/dirstate | tr -d " \n")"
[ -e .hg/branch ] && read -r branch <.hg/branch && echo "branch=$branch"
exit 0
fi
[ -e .git ] || { echo "there is no checkout in $1" >&2; exit 2; }
at= branch=
if [ -f .git/HEAD ]; then
read -r head <.git/HEAD
case $head in
"ref: refs/heads/.invalid") ;;
"ref: refs/heads/"*)
ref=${head#ref: }
if [ -f ".git/$ref" ]; then read -r at <".git/$ref"
else while read -r hash name; do [ "$name" = "$ref" ] && at=$hash; done <.git/packed-refs; fi
branch=${ref#refs/heads/} ;;
*) at=$head ;;
esac
fi
if [ -z "$at" ]; then at=$(git rev-parse HEAD) && branch=$(git symbolic-ref -q --short HEAD); fi
[ -n "$at" ] || exit 1
echo "changeset=$at"
[ -z "$branch" ] || echo "branch=$branch"' code "$code_root"
