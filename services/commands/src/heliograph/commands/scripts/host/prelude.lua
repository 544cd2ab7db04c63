-- What stands round a script: its globals, the `wd` table, and the calls into it. Runs once, before the script.
-- Scripts get none of Python's objects: these lie in the closures below, and `debug` stays here.
local bridge, instructions = ...

local collect, error, getmetatable, load, next = collectgarbage, error, getmetatable, load, next
local pcall, rawget, setmetatable, tostring, type, xpcall = pcall, rawget, setmetatable, tostring, type, xpcall
local create, resume = coroutine.create, coroutine.resume
local getinfo, sethook = debug.getinfo, debug.sethook
local concat, pack = table.concat, table.pack
local overdue = bridge.overdue

local chunk = "=?"
local late

local function place()
  for depth = 2, 21 do
    local at = getinfo(depth, "Sl")
    if not at then return "" end
    if at.source == chunk and at.currentline > 0 then return at.short_src .. ":" .. at.currentline .. ": " end
  end
  return ""
end

-- Every few instructions. Once a call is overdue each further step of it fails, so that no pcall keeps it alive.
local function watch()
  local cause = overdue()
  if not cause then return end
  late = late or place() .. cause
  error(late, 0)
end

local function guarded(...)
  if late then error(late, 0) end
  return ...
end

local function relayed(ok, ...)
  if not ok then error(..., 0) end
  return ...
end

local function describe(problem)
  local kind = type(problem)
  if kind == "string" then return problem end
  if kind == "number" then return tostring(problem) end
  return place() .. "an error that is a " .. kind
end

local function run(f, ...)
  late = nil
  return xpcall(f, describe, ...)
end

local function choose(library, names)
  local chosen = {}
  for name in names:gmatch("%S+") do chosen[name] = library[name] end
  return chosen
end

local env = choose(_G, "assert error getmetatable ipairs next pairs rawequal rawget rawlen rawset select tonumber tostring type _VERSION")
env._G = env
env.math = choose(math, "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi rad random randomseed sin sqrt tan tointeger type ult")
env.table = choose(table, "concat insert move pack remove sort unpack")
env.utf8 = choose(utf8, "char charpattern codepoint codes len offset")
env.os = choose(os, "clock date difftime time")
env.coroutine = choose(coroutine, "close isyieldable running status yield")
string.dump = nil
env.string = string
getmetatable("").__metatable = false

function env.pcall(f, ...) return guarded(pcall(f, ...)) end
function env.xpcall(f, handler, ...) return guarded(xpcall(f, handler, ...)) end

-- A finalizer would run outside of every call and its limits.
function env.setmetatable(object, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then error("__gc is not supported here", 2) end
  return setmetatable(object, meta)
end

function env.collectgarbage(what)
  if what == "count" then return collect("count") end
  if what ~= nil and what ~= "collect" then error("collectgarbage does 'collect' and 'count' here", 2) end
  collect("collect")
  return 0
end

-- A coroutine has hooks of its own.
function env.coroutine.create(f)
  local thread = create(f)
  sethook(thread, watch, "", instructions)
  return thread
end

function env.coroutine.resume(thread, ...) return guarded(resume(thread, ...)) end

function env.coroutine.wrap(f)
  local thread = env.coroutine.create(f)
  return function(...) return relayed(guarded(resume(thread, ...))) end
end

local wd, callbacks = {}, {}
env.wd = wd

local function given(problem, ...)
  if problem then error(place() .. problem, 0) end
  return ...
end

for name in ("get set tags alarm now"):gmatch("%S+") do
  local ask = bridge[name]
  wd[name] = function(...) return given(ask(...)) end
end

function wd.log(...)
  local texts = pack(...)
  for number = 1, texts.n do texts[number] = tostring(texts[number]) end
  given(bridge.log(concat(texts, " ")))
end

env.print = wd.log

function wd.store(key, ...)
  local values = pack(...)
  return given(bridge.store(key, values.n > 0, values[1]))
end

local function schedule(name, register)
  wd[name] = function(...)
    local values = pack(...)
    local f = values[values.n]
    if type(f) ~= "function" then
      error(place() .. "wd." .. name .. ": the last argument is to be a function, not a " .. type(f), 0)
    end
    values[values.n] = nil
    callbacks[given(register(values[1], values[2]))] = f
  end
end

schedule("every", bridge.every)
schedule("after", bridge.after)
schedule("onChange", bridge.onChange)

local standard = {}
for name in next, env do standard[name] = true end
standard.wsInit = true

local calls = {}

-- Load a script and run it to its end; then what it calls itself.
function calls.load(name, source)
  chunk = "@" .. name
  sethook(watch, "", instructions)
  local f, problem = load(source, chunk, "t", env)
  if not f then return false, problem end
  return run(f)
end

function calls.header() return rawget(env, "header") end

function calls.init()
  local f = rawget(env, "wsInit")
  if f == nil then return true end
  return run(f)
end

function calls.fire(number, once, ...)
  local f = callbacks[number]
  if once then callbacks[number] = nil end
  return run(f, ...)
end

function calls.functions()
  local names = {}
  for name, value in next, env do
    if type(name) == "string" and type(value) == "function" and not standard[name] then names[#names + 1] = name end
  end
  return names
end

function calls.call(name, parameters)
  local f = rawget(env, name)
  if standard[name] or type(f) ~= "function" then return false, "no such function" end
  return run(f, parameters)
end

return calls
