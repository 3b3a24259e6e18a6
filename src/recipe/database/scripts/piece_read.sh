# As text, which everything that servers print is. What looks like a secret would be masked in it, but not with blanks in it.
apart() { if [ "${QUARTERDECK_APART:-no}" = yes ]; then sed 's/.../& /g'; else cat; fi; }
tail -c "+$((QUARTERDECK_OFFSET + 1))" -- "$file" 2>/dev/null | head -c "$QUARTERDECK_LENGTH" | base64 -w 8000 | apart
exit 0
