"""What the job store's journal says of an upload, and the bytes that it stands for."""
import hashlib
import os
import sqlite3


class Journal:
    """Reads the journal past the server, of a SQLite file or a PostgreSQL schema."""

    def __init__(self, data, sqlite=None, cluster=None, schema="tally"):
        self.data, self.sqlite, self.cluster, self.schema = data, sqlite, cluster, schema

    def rows(self, sql):
        if self.cluster:
            text = self.cluster.sql(sql.format(t=self.schema + "."))
            return [line.split("|") for line in text.splitlines() if line]
        with sqlite3.connect(f"file:{self.sqlite}?mode=ro", uri=True) as database:
            return [[str(value) for value in row] for row in database.execute(sql.format(t=""))]

    def segments(self, upload):
        """Folder, file, bytes and digest of each segment, in order; of a final upload, those of its parts."""
        return self.rows(
            f"SELECT 0, s.start, s.upload_id, s.file, s.bytes, s.sha256 FROM {{t}}upload_segments s WHERE s.upload_id = '{upload}' "
            f"UNION ALL SELECT m.position, s.start, s.upload_id, s.file, s.bytes, s.sha256 FROM {{t}}upload_parts m "
            f"JOIN {{t}}upload_segments s ON s.upload_id = m.part_id WHERE m.final_id = '{upload}' ORDER BY 1, 2")

    def digest(self, upload):
        """SHA-256 of the upload's bytes, and how many there are; each segment is compared with its own digest."""
        whole, count = hashlib.sha256(), 0
        for _, _, folder, file, size, expected in self.segments(upload):
            left, own = int(size), hashlib.sha256()
            with open(os.path.join(self.data, ".tally", "uploads", folder, file), "rb") as source:
                while left:
                    piece = source.read(min(left, 1 << 20))
                    if not piece:
                        raise SystemExit(f"uploads: {folder}/{file} is shorter than the journal says")
                    whole.update(piece)
                    own.update(piece)
                    left -= len(piece)
            if own.hexdigest() != expected:
                raise SystemExit(f"uploads: {folder}/{file} isn't what the journal says")
            count += int(size)
        return whole.hexdigest(), count
