"""Prints measurements as Markdown."""


def heading(text):
    print(f"\n### {text}\n", flush=True)


def table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def ratio(spread):
    return f"**{spread['median']:.2f}** ({spread['min']:.2f} to {spread['max']:.2f})"


def rate(spread):
    value = spread["median"]
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k"


def environment(facts):
    heading("Measured with")
    for name, value in facts.items():
        print(f"- {name}: {value}")


def throughput(results, title="Requests per second, 50 clients, 1,000,000 random keys, 16-byte values"):
    heading(title)
    table(
        ["", "ratio, median (min to max)", "cambium-server", "redis-server", "rounds of requests"],
        [[result["case"], ratio(result["rate"]["ratio"]), rate(result["rate"]["subject"]),
          rate(result["rate"]["reference"]), f"{result['rounds']} × {result['requests']:,}"] for result in results])
    heading("Processor time of the server per request, microseconds")
    table(
        ["", "ratio, median (min to max)", "cambium-server", "redis-server"],
        [[result["case"], ratio(result["cpu"]["ratio"]), f"{result['cpu']['subject']['median']:.2f}",
          f"{result['cpu']['reference']['median']:.2f}"] for result in results])


def memory(result):
    heading("Bytes per key, 1,000,000 keys of 18 bytes with 16-byte values")
    counts = [("used_memory", "used_memory of INFO"), ("resident", "resident set"), ("store", "the store's own count")]

    def cell(server, count):
        value = result[server].get(count)
        return "" if value is None else f"{value:.1f}"

    table(
        ["", "cambium-server", "redis-server"],
        [[title, cell("subject", count), cell("reference", count)] for count, title in counts])


def retained(result):
    heading("SET while a version is kept that was created right before")
    table(
        ["", "ratio, median (min to max)", "with", "without"],
        [[result["case"], ratio(result["ratio"]), rate(result["with"]), rate(result["without"])]])


def versions(results):
    heading("VERSION CREATE and VERSION ROLLBACK, microseconds")
    table(
        ["keys", "CREATE in the server", "ROLLBACK in the server", "round trip of CREATE", "of ROLLBACK", "of PING"],
        [[f"{result['keys']:,}", f"{result['server_microseconds']['create']:.2f}",
          f"{result['server_microseconds']['rollback']:.2f}",
          *(f"{result['round_trip_microseconds'][name]['median']:.0f}" for name in ("create", "rollback", "ping"))]
         for result in results])


def collections(results):
    heading("used_memory of collections, bytes")
    table(
        ["", "ratio", "cambium-server", "redis-server"],
        [[result["case"], f"**{result['subject'] / result['reference']:.2f}**", f"{result['subject']:.1f}",
          f"{result['reference']:.1f}"] for result in results])


def sealed(results):
    heading("A write to one member of a collection of 1,000,000, microseconds in the server")
    table(
        ["", "version made right before", "no version", "difference"],
        [[result["case"], f"{result['sealed']:.2f}", f"{result['open']:.2f}",
          f"**{result['sealed'] - result['open']:.2f}**"] for result in results])


def saving(results):
    heading("BGSAVE of 1,000,000 keys while SETs go on, no pipeline")
    table(
        ["", "slowest SET, ms", "99.9 %, ms", "SETs", "seconds", "memory above rest, MB"],
        [[name, f"{result['slowest']:.2f}", f"{result['p999']:.2f}", f"{result['count']:,.0f}", f"{result['seconds']:.2f}",
          f"{result['memory'] / 1e6:.1f}"] for name, result in results.items()])


def syncing(results, keys):
    heading(f"Full sync of {keys:,} keys between two servers, each on its core, while SETs go on")
    table(
        ["", "seconds", "slowest SET, ms", "99 %, ms"],
        [[name, f"{result['seconds']:.2f}", f"{result['slowest']:.2f}", f"{result['p99']:.2f}"]
         for name, result in results.items()])
    print(f"\nratio of the times: {results['cambium-server']['seconds'] / results['redis-server']['seconds']:.2f}")


def readers(result, keys):
    heading(f"GETs at a replica that serves its former dataset while it takes in {keys:,} keys, on two cores; the primary is a file")
    table(
        ["", "99 %, ms", "slowest, ms"],
        [["at rest", f"{result['resting']:.3f}", ""],
         ["during the sync", f"{result['loading']:.3f}", f"{result['slowest']:.2f}"]])
