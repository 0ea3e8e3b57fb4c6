import Glibc
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import VersionedStore

/// One connection: the handler of its NIO channel, behind the one for TLS if it has that.
///
/// Input is given on as it comes. Output is written with a plain `send` while nothing is queued, which is nearly always:
/// a trip through NIO's queue would copy it and cost about as much as the rest of a small command. Under TLS everything
/// goes through the queue, and the engine hears of the connection when its handshake is over: one that fails, or
/// never ends, costs no session.
final class Connection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// Queued output goes in pieces of this size, so that what is sent of it is seen before all is.
  private static let pieceSize = 1 << 20
  /// Each connection keeps a buffer of the longest piece that was ever encrypted for it.
  private static let securePieceSize = 64 << 10
  /// What a client may take for its handshake. When ten thousand come back at once, the last of them waits for seconds.
  private static let handshakeTime = TimeAmount.seconds(20)

  private let transport: Transport
  /// For what is wrong with handshakes; nil for connections in the clear.
  private let secureLogger: Logger?
  private var context: ChannelHandlerContext?
  private var descriptor: CInt = -1
  /// Nil until the engine has accepted the connection, and again after it is closed.
  var id: ConnectionID?
  /// Bytes queued in NIO.
  private(set) var unsent = 0
  /// The engine wants no more input, and the connection closed once all is sent.
  private var isClosing = false
  /// Ends a handshake that takes too long; nil when none is going on.
  private var handshakeEnd: Scheduled<Void>?

  /// `secureLogger` is given where a handler for TLS stands before this one.
  init(transport: Transport, secureLogger: Logger? = nil) {
    self.transport = transport
    self.secureLogger = secureLogger
  }

  private var isSecure: Bool { secureLogger != nil }

  // MARK: From NIO

  func channelActive(context: ChannelHandlerContext) {
    self.context = context
    descriptor = context.channel.descriptor
    if isSecure { beginHandshake(context) } else { introduce(context) }
  }

  /// Offers the connection to the engine.
  private func introduce(_ context: ChannelHandlerContext) {
    if case .refused(let reason) = transport.admit(self, ConnectionInfo(context.channel)) {
      isClosing = true
      reason.withBytes { if isSecure { queue($0) } else { _ = write($0) } }
      context.close(promise: nil)
    }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let id, !isClosing else { return }
    unsafe unwrapInboundIn(data).withUnsafeReadableBytes { unsafe transport.received(Bytes($0), from: id) }
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    switch event {
    case ChannelEvent.inputClosed:
      if let id, !isClosing { transport.peerClosed(id) }
    case TLSUserEvent.handshakeCompleted:
      endHandshake()
      if !isClosing { introduce(context) }
    default: break
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // Of a peer that has closed its side without a word; that it did is told as such.
    if case NIOSSLError.uncleanShutdown = error { return }
    failHandshake(TLSErrorText.describe(error))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    failHandshake("connection lost")
    self.context = nil
    if let id { transport.closed(id) }
    id = nil
  }

  // MARK: Handshake

  private func beginHandshake(_ context: ChannelHandlerContext) {
    guard transport.beginHandshake() else {
      isClosing = true
      return context.close(promise: nil)
    }
    handshakeEnd = context.eventLoop.assumeIsolated().scheduleTask(in: Self.handshakeTime) { [self] in
      failHandshake("timeout")
      closeChannel()
    }
  }

  private func endHandshake() {
    guard let end = handshakeEnd else { return }
    end.cancel()
    handshakeEnd = nil
    transport.endHandshake()
  }

  /// Says why, if there was a handshake to fail.
  private func failHandshake(_ reason: String) {
    guard handshakeEnd != nil else { return }
    endHandshake()
    isClosing = true
    secureLogger?.warning("Error accepting a client connection: \(reason)")
  }

  // MARK: While the engine is busy

  /// What can be read from by hand, as long as input is wanted.
  var readableDescriptor: CInt? { context != nil && !isClosing && descriptor >= 0 ? descriptor : nil }

  private static let busyReadSize = 64 << 10

  /// Reads once from the socket, and sends that down the channel as if NIO had read it.
  func receiveWhileBusy() {
    guard let context, let descriptor = readableDescriptor else { return }
    var buffer = context.channel.allocator.buffer(capacity: Self.busyReadSize)
    let count = unsafe buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.busyReadSize) { raw in
      unsafe max(recv(descriptor, raw.baseAddress, raw.count, CInt(MSG_DONTWAIT)), 0)
    }
    guard count > 0 else { return }
    let pipeline = context.channel.pipeline.syncOperations
    pipeline.fireChannelRead(NIOAny(buffer))
    pipeline.fireChannelReadComplete()
  }

  // MARK: From the transport

  /// Sends `bytes`, all of which are taken over; answers the bytes that wait to be sent.
  func send(_ bytes: Bytes) -> Int {
    guard context != nil, !isClosing, bytes.count > 0 else { return unsent }
    var sent = 0
    if unsent == 0, !isSecure {
      guard let count = write(bytes) else {
        // The peer is gone. NIO will see it too, but perhaps not before more is written.
        isClosing = true
        transport.leave(self)
        return 0
      }
      sent = count
    }
    if sent < bytes.count { queue(bytes[sent..<bytes.count]) }
    return unsent
  }

  func closeWhenSent() {
    guard !isClosing else { return }
    isClosing = true
    // What the peer still sends would only fill memory.
    if unsent == 0 { transport.leave(self) } else { stopReading() }
  }

  func closeChannel() { context?.close(promise: nil) }

  private func stopReading() {
    try? context?.channel.syncOptions?.setOption(.autoRead, value: false)
  }

  /// Bytes that the kernel took, or nil when the connection is broken.
  private func write(_ bytes: Bytes) -> Int? {
    while true {
      let count = unsafe bytes.withUnsafeBytes { raw in
        unsafe Glibc.send(descriptor, raw.baseAddress, raw.count, CInt(MSG_NOSIGNAL))
      }
      if count >= 0 { return count }
      switch errno {
      case EINTR: continue
      case EAGAIN: return 0
      default: return nil
      }
    }
  }

  private func queue(_ bytes: Bytes) {
    var rest = bytes
    // A write may find that the peer is gone, and the channel with it.
    while rest.count > 0, let context {
      let piece = rest[0..<min(rest.count, isSecure ? Self.securePieceSize : Self.pieceSize)]
      rest = rest[piece.count..<rest.count]
      var buffer = context.channel.allocator.buffer(capacity: piece.count)
      unsafe piece.withUnsafeBytes { _ = unsafe buffer.writeBytes($0) }
      unsent += piece.count
      let sent = context.eventLoop.makePromise(of: Void.self)
      sent.futureResult.assumeIsolated().whenSuccess { self.queued(piece.count) }
      context.write(wrapOutboundOut(buffer), promise: sent)
      // What is flushed together is encrypted together, and counts as sent only when all of it is.
      if isSecure { context.flush() }
    }
    if !isSecure { context?.flush() }
  }

  private func queued(_ count: Int) {
    unsent -= count
    if unsent == 0, isClosing { transport.leave(self) } else if let id { transport.drained(id, unsent: unsent) }
  }
}
