internal import RESP
internal import Values
internal import VersionedStore

// CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR.
extension ClientCommands {
  static let tracking = Command(
    "tracking", arity: .atLeast(3), flags: own, categories: [.connection], group: .connection, since: "6.0.0",
    complexity: "O(1), and some options more.", "Has the client told when keys change that it has read.",
    .control { call, engine throws(CommandError) in
      let wish = try TrackingWish(&call, engine)
      if call.matches(2, "on") {
        try wish.check(&call)
        engine.startTracking(call.session, wish.options, redirect: wish.redirect, prefixes: wish.effectivePrefixes)
      } else if call.matches(2, "off") {
        engine.stopTracking(call.session)
      } else {
        throw .syntax
      }
      call.reply.ok()
    })

  static let caching = Command(
    "caching", arity: .exactly(3), flags: own, categories: [.connection], group: .connection, since: "6.0.0",
    "Has the keys of the next command tracked, or not.",
    .control { call, _ throws(CommandError) in
      guard let state = call.session.tracking else {
        throw call.refuse(
          "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
      }
      if call.matches(2, "yes") {
        guard state.options.contains(.optIn) else {
          throw call.refuse("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
        }
      } else if call.matches(2, "no") {
        guard state.options.contains(.optOut) else {
          throw call.refuse("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
        }
      } else {
        throw .syntax
      }
      call.session.tracking?.isCachingGiven = true
      call.reply.ok()
    })

  static let getRedirect = Command(
    "getredir", arity: .exactly(2), flags: own, categories: [.connection], group: .connection, since: "6.0.0",
    "Tells the id of the client that is told of changes instead.",
    .control { call, _ throws(CommandError) in call.reply.integer(call.session.tracking?.redirect ?? -1) })

  static let trackingInfo = Command(
    "trackinginfo", arity: .exactly(2), flags: own, categories: [.connection], group: .connection, since: "6.2.0",
    "Tells how the connection tracks keys.",
    .control { call, _ throws(CommandError) in
      let state = call.session.tracking
      let flags = state?.names ?? ["off"]
      call.reply.mapHeader(3)
      call.reply.bulk("flags")
      call.reply.setHeader(flags.count)
      for flag in flags { call.reply.bulk(flag) }
      call.reply.bulk("redirect")
      call.reply.integer(state?.redirect ?? -1)
      call.reply.bulk("prefixes")
      call.reply.arrayHeader(state?.prefixes.count ?? 0)
      for prefix in state?.prefixes ?? [] { call.reply.bulk(prefix) }
    })
}

extension ClientTracking {
  /// As CLIENT TRACKINGINFO lists them.
  fileprivate var names: [StaticString] {
    var names: [StaticString] = ["on"]
    if options.contains(.broadcast) { names.append("bcast") }
    if options.contains(.optIn) {
      names.append("optin")
      if isCachingGiven { names.append("caching-yes") }
    }
    if options.contains(.optOut) {
      names.append("optout")
      if isCachingGiven { names.append("caching-no") }
    }
    if options.contains(.noLoop) { names.append("noloop") }
    if isRedirectBroken { names.append("broken_redirect") }
    return names
  }
}

/// The options of CLIENT TRACKING.
private struct TrackingWish {
  private(set) var options: ClientTracking.Options = []
  private(set) var redirect = 0
  private var prefixes: [[UInt8]] = []

  init(_ call: inout Call, _ engine: Engine) throws(CommandError) {
    var index = 3
    while index < call.count {
      let hasMore = index + 1 < call.count
      if call.matches(index, "redirect"), hasMore {
        guard redirect == 0 else { throw call.refuse("ERR A client can only redirect to a single other client") }
        redirect = Int(try call.integer(index + 1))
        guard engine.sessions[redirect]?.isClosing == false else {
          throw call.refuse("ERR The client ID you want redirect to does not exist")
        }
        index += 1
      } else if call.matches(index, "bcast") {
        options.insert(.broadcast)
      } else if call.matches(index, "optin") {
        options.insert(.optIn)
      } else if call.matches(index, "optout") {
        options.insert(.optOut)
      } else if call.matches(index, "noloop") {
        options.insert(.noLoop)
      } else if call.matches(index, "prefix"), hasMore {
        prefixes.append(Array(call[index + 1]))
        index += 1
      } else {
        throw .syntax
      }
      index += 1
    }
  }

  /// All keys begin with nothing.
  var effectivePrefixes: [[UInt8]] { options.contains(.broadcast) && prefixes.isEmpty ? [[]] : prefixes }

  /// Whether the options agree with one another, and with what the client has chosen before.
  func check(_ call: inout Call) throws(CommandError) {
    if !options.contains(.broadcast), !prefixes.isEmpty {
      throw call.refuse("ERR PREFIX option requires BCAST mode to be enabled")
    }
    let former = call.session.tracking
    if let former, former.options.contains(.broadcast) != options.contains(.broadcast) {
      throw call.refuse(
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
      )
    }
    if options.contains(.broadcast), !options.isDisjoint(with: [.optIn, .optOut]) {
      throw call.refuse("ERR OPTIN and OPTOUT are not compatible with BCAST")
    }
    if options.isSuperset(of: [.optIn, .optOut]) {
      throw call.refuse("ERR You can't specify both OPTIN mode and OPTOUT mode")
    }
    if let former = former?.options,
      options.contains(.optIn) && former.contains(.optOut) || options.contains(.optOut) && former.contains(.optIn)
    {
      throw call.refuse(
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
      )
    }
    if options.contains(.broadcast) { try checkPrefixes(&call, former?.prefixes ?? []) }
  }

  /// No key may be under two prefixes of one client.
  private func checkPrefixes(_ call: inout Call, _ existing: [[UInt8]]) throws(CommandError) {
    for (number, prefix) in prefixes.enumerated() {
      if let other = existing.first(where: { overlap($0, prefix) }) {
        throw refuse(&call, prefix, "' overlaps with an existing prefix '", other)
      }
      if let other = prefixes[(number + 1)...].first(where: { overlap(prefix, $0) }) {
        throw refuse(&call, prefix, "' overlaps with another provided prefix '", other)
      }
    }
  }

  private func overlap(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.starts(with: b) || b.starts(with: a) }

  private func refuse(_ call: inout Call, _ prefix: [UInt8], _ how: String, _ other: [UInt8]) -> CommandError {
    prefix.withBytes { prefix in
      other.withBytes { other in
        call.refuse("ERR Prefix '", prefix, how, other, "'. Prefixes for a single client must not overlap.")
      }
    }
  }
}
