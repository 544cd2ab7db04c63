

async def test_a_script_runs_and_is_called(bench):
    await bench.running("""
header = { version = 1.1, label = "first" }
function wsInit() wd.log("hello", 1, nil) end
function add(p) return p.a + p.b end
""")
    assert await bench.call("add", a=1, b=2) == 3
    print(await bench.lines(), bench.state())
