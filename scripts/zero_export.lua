-- Limits what a plant feeds into the grid: nothing at all, or any other number of watts at the point of connection.
--
-- What the site consumes is what its inverters produce less what it feeds in, both at the same moment. Consumption does
-- not depend on what this script does, so limits that are made from it do not swing, however late inverters obey:
--
--     inverters may produce  =  limit - margin + consumption
--
-- That is shared out as percentages, set down at once and up slowly, each with a lifetime: when this script, its
-- service or the bus dies, or the meter falls silent, every inverter comes to the safe limit: docs/scripts.md.

header = { version = 1.0, label = "Feed-in limit" }

local settings = {
  limit = 0,           -- W that may be fed in; the command zero_export.setLimit changes it while the script runs
  margin = 400,        -- W that it aims below the limit: about what meter and load scatter, and 1 % of all ratings

  -- The meter at the point of connection, and what one of its units is in W (kW: 1000; negative: it counts imports).
  meter = { device = "grid_meter", variable = "Power", watts = 1000 },
  meter_silent = 15,   -- s without a new value of the meter, then the safe limit holds; at least three polls of it

  -- Every device with this tag is an inverter. What one is rated at, in W: wanted for each.
  limit_tag = "cmdPwrPercent",
  ratings = { roof_1 = 20000, roof_2 = 20000, roof_3 = 10000 },
  power_tag = "RealPower",      -- what it produces
  power_watts = 1,              -- one unit of that in W
  enable_tag = "WMaxLim_Ena",   -- set to 1 where a device has it: SunSpec inverters want it before they obey
  inverter_silent = 15,         -- s without a new value of an inverter, then the others do without it

  safe = 0,            -- %: what inverters may surely produce when nothing is known; the fallback of every limit
  lifetime = 60,       -- s for which a limit is good; at half of it, it is set again

  step = 1,            -- %: the finest that inverters take; nothing smaller is written
  change = 1,          -- %: differences below are left alone while no more than the limit is fed in
  wait = 6,            -- s that a change has to be wanted for, unless too much is fed in: a poll and what an inverter
                       --   needs until it has obeyed
  rise = 6,            -- %: the most that a limit goes up at once, then it waits again: 6 % each 6 s is 1 %/s
  reserve = 5,         -- %: what an inverter in the shade keeps beside what it makes; the rest goes to the others
  correct = 5,         -- % of all ratings that inverters are allowed more, at most, when they make less of their limits
}

local inverters = {}   -- each: device, rating, names of its variables, limit (%), what it said lately
local meter = { age = math.huge }   -- what it said lately, and how old that is
local limit = settings.limit
local paused = false
local correction = 0   -- W
local changed = 0      -- when a limit or the correction was last changed
local condition = ""   -- why the safe limit holds; empty when it does not
local consumption      -- W, for the status

local KEPT = 60        -- readings of each value

-- Seconds since a moment; where the clock was set back it is long ago.
local function since(moment, now)
  return now >= moment and now - moment or math.huge
end

-- Keeps what a value was and when it was read.
local function observe(series, device, variable, watts, now)
  local value, age = wd.get(device, variable)
  if type(value) ~= "number" or value ~= value then
    series.age = math.huge
    return
  end
  series.age = age
  local read = now - age
  local last = series[#series]
  if last and read < last.read - 0.5 then   -- the clock was set back
    for number = #series, 1, -1 do series[number] = nil end
    last = nil
  end
  if last == nil or read > last.read + 0.1 then
    table.insert(series, { read = read, watts = value * watts })
    if #series > KEPT then table.remove(series, 1) end
  end
end

-- What a value was at a moment: as it was read last before, else first after it.
local function at(series, moment)
  for number = #series, 1, -1 do
    if series[number].read <= moment then return series[number].watts end
  end
  return series[1].watts
end

local function newest(series)
  return series[#series].watts
end

-- Sets a limit with its lifetime. One that is refused leaves the inverter alone for a while; the others do without it.
local function set(inverter, percent, now)
  local done, message = wd.set(inverter.device, inverter.limit_variable, percent, settings.lifetime, settings.safe)
  if done then
    if inverter.trouble then wd.log(inverter.device .. " takes its limit again") end
    inverter.trouble = nil
    if percent ~= inverter.limit then
      changed, inverter.wanted_since = now, nil
    end
    inverter.limit, inverter.set_at = percent, now
  else
    if not inverter.trouble then wd.log(inverter.device .. " does not take its limit: " .. tostring(message)) end
    inverter.trouble, inverter.tried_at = message or "refused", now
  end
end

local function enable(inverter)
  if inverter.enable_variable then wd.set(inverter.device, inverter.enable_variable, 1) end
end

-- Tells whether an inverter has another limit than it was set to: it was restarted, or somebody else has set it.
local function forgot(inverter, now)
  local percent, age = wd.get(inverter.device, inverter.limit_variable)
  return type(percent) == "number" and math.abs(percent - inverter.limit) >= settings.step
    and now - age > inverter.set_at + 1 and since(inverter.set_at, now) >= settings.wait
end

-- Sets again what holds before its lifetime ends, and tries those again that refused.
local function renew(inverter, now)
  if inverter.trouble then
    if since(inverter.tried_at, now) >= settings.wait then
      enable(inverter)
      set(inverter, settings.safe, now)
    end
  elseif since(inverter.set_at, now) >= settings.lifetime / 2 or forgot(inverter, now) then
    enable(inverter)
    set(inverter, inverter.limit, now)
  end
end

-- Begins with an inverter, or again with one that was away: with the limit that it has, else with the safe one.
local function welcome(inverter, now)
  local percent = inverter.limit
  if percent == nil then
    percent = wd.get(inverter.device, inverter.limit_variable)
  elseif since(inverter.set_at, now) > settings.lifetime then
    percent = nil
  end
  if type(percent) ~= "number" or not (percent >= 0 and percent <= 100) then percent = settings.safe end
  enable(inverter)
  set(inverter, percent, now)
end

-- Reads all inverters and returns those that answer and take their limits.
local function answering(now)
  local found = {}
  for _, inverter in ipairs(inverters) do
    observe(inverter.power, inverter.device, inverter.power_variable, settings.power_watts, now)
    local answers = inverter.power.age <= settings.inverter_silent
    if answers ~= inverter.answers then
      wd.log(inverter.device .. (answers and " answers" or " does not answer"))
      inverter.answers = answers
      if answers then welcome(inverter, now) end
    end
    if answers and not inverter.trouble then
      table.insert(found, inverter)
    elseif answers then
      renew(inverter, now)
    end
  end
  return found
end

-- Says by inverter how many percent it may have of so many watts: the same each, and what one in the shade cannot use
-- goes to those that are held back.
local function share(watts, among)
  local rated = 0
  for _, inverter in ipairs(among) do rated = rated + inverter.rating end
  local percent = math.max(0, 100 * watts / rated)
  local whole = math.floor(percent / settings.step + 1e-6) * settings.step   -- as it can be set: else it would swing
  local spare, held = 0, 0
  local takes = {}
  for _, inverter in ipairs(among) do
    local used = 100 * newest(inverter.power) / inverter.rating + settings.reserve
    takes[inverter] = used >= math.min(whole, inverter.limit)
    if takes[inverter] then
      held = held + inverter.rating
    else
      spare = spare + (percent - used) * inverter.rating
    end
  end
  local shares = {}
  for _, inverter in ipairs(among) do
    local own = percent + (takes[inverter] and spare / held or 0)
    shares[inverter] = math.floor(math.min(100, own) / settings.step + 1e-6) * settings.step
  end
  return shares
end

-- Tells whether a change has been wanted for long enough, both ways counted apart.
local function patient(inverter, way, now)
  if inverter.wanted ~= way or inverter.wanted_since == nil then
    inverter.wanted, inverter.wanted_since = way, now
  end
  return since(inverter.wanted_since, now) >= settings.wait
end

-- Moves one limit: down at once when too much is fed in, else slowly, and not at all where it makes no difference.
-- Returns whether it stands where it should.
local function move(inverter, percent, exceeded, now)
  if percent < inverter.limit and exceeded then
    set(inverter, percent, now)
  elseif percent <= inverter.limit - settings.change then
    if patient(inverter, "down", now) then set(inverter, percent, now) end
  elseif percent >= inverter.limit + settings.change and not exceeded then
    if patient(inverter, "up", now) then set(inverter, math.min(percent, inverter.limit + settings.rise), now) end
  else
    inverter.wanted_since = nil
    return true
  end
  return false
end

-- Tells whether an inverter has come to rest: it makes what it made a while ago.
local function steady(inverter, now)
  local before = at(inverter.power, now - settings.wait)
  return math.abs(newest(inverter.power) - before) < settings.step / 100 * inverter.rating
end

-- Corrects what the inverters make of their limits, once the last change has shown. Upwards only while each of them is
-- held back by its limit: else it would grow for as long as the sun does not reach it.
local function correct(among, feed_in, read, now)
  if changed > now then changed = now end   -- the clock was set back
  if read < changed + settings.wait then return end
  local rated, held = 0, true
  for _, inverter in ipairs(among) do
    if not steady(inverter, now) then return end
    rated = rated + inverter.rating
    held = held and newest(inverter.power) >= 0.9 * inverter.limit / 100 * inverter.rating
  end
  local off = limit - settings.margin - feed_in
  local coarse = (settings.step + settings.change) / 100 * rated
  if feed_in > limit then
    correction = math.max(-rated, correction + off)
  elseif held and off > coarse then
    correction = math.min(settings.correct / 100 * rated, correction + off / 2)
  else
    return
  end
  changed = now
end

-- Makes the limits of those that answer from what the meter said.
local function control(among, now)
  local feed_in, read = newest(meter), meter[#meter].read
  consumption = -feed_in
  for _, inverter in ipairs(among) do consumption = consumption + at(inverter.power, read) end
  if feed_in > limit then correction = math.min(correction, 0) end   -- learnt in the shade, it may be too much now
  local shares = share(limit - settings.margin + correction + consumption, among)
  local resting = true
  for _, inverter in ipairs(among) do
    resting = move(inverter, shares[inverter], feed_in > limit, now) and resting
    renew(inverter, now)
  end
  if resting then correct(among, feed_in, read, now) end
end

local function hold_safe(among, now)
  consumption = nil
  for _, inverter in ipairs(among) do
    if inverter.limit ~= settings.safe then set(inverter, settings.safe, now) else renew(inverter, now) end
  end
end

local function judge()
  if paused then return "paused" end
  if meter.age > settings.meter_silent then
    return "the meter " .. settings.meter.device .. " is silent"
  end
  return ""
end

local function tell(new)
  if new == condition then return end
  condition = new
  if new == "" then
    wd.log("controls the feed-in again")
  elseif new == "paused" then
    wd.log("paused: inverters at " .. settings.safe .. " %")
  else
    wd.alarm(new .. ": inverters at the safe limit of " .. settings.safe .. " %")
  end
end

local function tick()
  local now = wd.now()
  observe(meter, settings.meter.device, settings.meter.variable, settings.meter.watts, now)
  tell(judge())
  local among = answering(now)
  if condition ~= "" then
    hold_safe(among, now)
  elseif #among > 0 then
    control(among, now)
  end
end

-- The name of the variable of a device that carries a tag, or nil.
local function tagged(tag, device)
  for _, point in ipairs(wd.tags(tag)) do
    if point.device == device then return point.variable end
  end
end

local function find_inverters()
  for _, point in ipairs(wd.tags(settings.limit_tag)) do
    local rating, power = settings.ratings[point.device], tagged(settings.power_tag, point.device)
    if type(rating) ~= "number" then error("settings.ratings names no watts for " .. point.device, 0) end
    if power == nil then error(point.device .. " has no variable with the tag " .. settings.power_tag, 0) end
    table.insert(inverters, {
      device = point.device, rating = rating, power = { age = math.huge }, answers = false,
      limit_variable = point.variable, power_variable = power,
      enable_variable = tagged(settings.enable_tag, point.device),
    })
  end
  if #inverters == 0 then error("no device has a variable with the tag " .. settings.limit_tag, 0) end
end

local function all_ratings()
  local rated = 0
  for _, inverter in ipairs(inverters) do rated = rated + inverter.rating end
  return rated
end

local function is_limit(watts)
  return type(watts) == "number" and watts >= 0 and watts <= all_ratings()
end

function wsInit()
  find_inverters()
  local stored = wd.store("limit")
  if is_limit(stored) then limit = stored end
  paused = wd.store("paused") == true
  wd.log(string.format("limits the feed-in to %.0f W with %d inverters", limit, #inverters))
  wd.every(1, tick)
end

-- Commands ---------------------------------------------------------------------------------------------------------

-- zero_export.status: how things stand.
function status()
  local list = {}
  for _, inverter in ipairs(inverters) do
    table.insert(list, {
      device = inverter.device, answers = inverter.answers, percent = inverter.limit, trouble = inverter.trouble,
      watts = inverter.answers and newest(inverter.power) or nil,
    })
  end
  return {
    limit = limit, feed_in = #meter > 0 and newest(meter) or nil,
    meter_age = meter.age < math.huge and meter.age or nil,
    consumption = consumption, correction = correction, condition = condition == "" and "controls" or condition,
    inverters = list,
  }
end

-- zero_export.setLimit {"watts": 5000}: another limit, kept through restarts.
function setLimit(parameters)
  local watts = parameters and parameters.watts
  if not is_limit(watts) then
    error(string.format("watts: a number from 0 to %.0f, what all inverters are rated at, is wanted", all_ratings()), 0)
  end
  limit = watts
  wd.store("limit", watts)
  wd.log(string.format("limits the feed-in to %.0f W", watts))
  return watts
end

-- zero_export.pause: inverters at the safe limit until zero_export.resume, also after a restart.
function pause()
  paused = true
  wd.store("paused", true)
  return "OK"
end

function resume()
  paused = false
  wd.store("paused", false)
  return "OK"
end
