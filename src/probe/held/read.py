# Reads files, and says what stands in the gaps of lines that fit patterns. Nothing of the project is imported or run.
import hashlib, hmac, json, os, sys
from urllib.parse import unquote_to_bytes
MOST = 1 << 20
LONGEST = 4096
told = json.loads(sys.stdin.buffer.read().decode())
key = bytes.fromhex(told["key"])
def shown(value):
    # In pairs, so that nothing of it can be taken for another secret and be masked.
    return "-".join("%02x" % byte for byte in value) or "-"
def said(raw):
    if len(raw) > LONGEST:
        return "?"
    return shown(hmac.new(key, raw, hashlib.sha256).digest() if key else raw)
def text_of(path):
    with open(path, "rb") as file:
        raw = file.read(MOST + 1)
    if len(raw) > MOST:
        sys.exit("%s is larger than 1 MB, which no settings are" % path)
    return raw.decode()
def read(line, texts, gaps):
    first, between, last = texts[0], texts[1:-1], texts[-1]
    if len(line) < len(first) + len(last) or not line.startswith(first) or not line.endswith(last):
        return None
    inside = line[len(first):len(line) - len(last)]
    early, at = [], 0
    for text in between:
        place = inside.find(text, at)
        if place < 0:
            return None
        early.append(inside[at:place])
        at = place + len(text)
    early.append(inside[at:])
    late, end = [], len(inside)
    for text in reversed(between):
        place = inside.rfind(text, 0, end)
        late.append(inside[place + len(text):end])
        end = place
    late.append(inside[:end])
    if any(gap == "bare" and (text.startswith("'") or len(text.split()) > 1 or text.strip() != text) for text, gap in zip(early, gaps)):
        return None
    return early if early == late[::-1] else []
def value(text, gap):
    if gap == "doubled":
        return None if "'" in text.replace("''", "") else text.replace("''", "'").encode()
    if gap != "percent":
        return text.encode()
    try:
        raw = unquote_to_bytes(text)
        raw.decode()
    except UnicodeDecodeError:
        return None
    rest = text.split("%")[1:]
    return raw if all(len(one) > 1 and all(c in "0123456789abcdefABCDEF" for c in one[:2]) for one in rest) else None
def look(place, file, before):
    try:
        lines = text_of(file["path"]).split("\n")
    except FileNotFoundError:
        print("none", place)
        return
    except (OSError, UnicodeDecodeError) as error:
        sys.exit("%s cannot be read: %s" % (file["path"], error.__class__.__name__))
    known = {}
    for line in file["known"]:
        known[line] = known.get(line, 0) + 1
    for number, line in enumerate(lines):
        # More of them than without secrets: which one is the secret's nobody knows.
        doubtful = line in known and lines.count(line) > known[line]
        if line in known and not doubtful:
            continue
        for n, pattern in enumerate(file["patterns"]):
            found = read(line, pattern["texts"], pattern["gaps"])
            if found is None:
                continue
            words = ["?"]
            if found and not doubtful:
                values = [value(text, gap) for text, gap in zip(found, pattern["gaps"]) if gap != "any"]
                words = ["?"] if None in values else [said(one) for one in values]
            print("hit", place * MOST + number, before + n, *(["?"] if "?" in words else words))
def main():
    before = 0
    for place, file in enumerate(told["files"]):
        look(place, file, before)
        before += len(file["patterns"])
    for name in told["kept"]:
        path = os.path.join(told["home"], name)
        try:
            raw = text_of(path).strip().encode()
        except (OSError, UnicodeDecodeError):
            continue
        print("kept", name, said(raw))
    print("end")
main()
