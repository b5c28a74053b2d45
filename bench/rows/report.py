"""What a run has measured: its rows by table, and every figure by name."""

from rows.servers import say

REQUESTS = ("CPU µs/request", "requests/s", "p50 µs", "p99 µs")


class Report:
    def __init__(self, only):
        self.only, self.figures, self.tables = only, {}, {REQUESTS: []}

    def wants(self, name):
        return self.only is None or self.only.lower() in name.lower()

    def add_row(self, columns, name, cells, refused=""):
        self.tables.setdefault(columns, []).append((name, *(cells or [""] * len(columns)), refused))

    def add(self, name, seen):
        """A server's figures, of Server.measure()."""
        self.figures[name] = seen
        cells = None
        if "cpu_us" in seen:
            cells = (f"{seen['cpu_us']:.1f}", f"{seen['per_second']:,.0f}", str(seen["p50_us"]), str(seen["p99_us"]))
        self.add_row(REQUESTS, name, cells, seen.get("refused", ""))

    def add_rates(self, what, name, seen):
        """How often a second one thread does each of `what`."""
        self.figures[name] = seen
        self.add_row(tuple(f"{column}/s" for column in what), name,
                     [f"{seen[column]:,.0f}" if column in seen else "" for column in what], seen.get("refused", ""))

    def cpu(self, name):
        return self.figures.get(name, {}).get("cpu_us")

    def print_tables(self):
        say("")
        first = True
        for columns, rows in self.tables.items():
            if not rows:
                continue
            if not first:
                print()
            first = False
            table = [("", *columns, ""), *rows]
            widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
            for row in table:
                print("  ".join(cell.ljust(width) if i in (0, len(row) - 1) else cell.rjust(width)
                                for i, (cell, width) in enumerate(zip(row, widths))).rstrip())
