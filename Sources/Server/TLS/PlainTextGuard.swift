import NIOCore

/// Stands before the handler for TLS until the first byte has come. Whoever does not speak TLS at all is not answered in
/// it either: an alert would be taken for a garbled reply.
final class PlainTextGuard: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  /// OpenSSL's line, by which operators know the case.
  struct NotTLS: Error, CustomStringConvertible {
    let description = "error:0A00010B:SSL routines::wrong version number"
  }

  /// The type of the record that every handshake begins with.
  private static let handshakeRecord: UInt8 = 22
  private var isRefused = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard !isRefused, let first = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else { return }
    guard first == Self.handshakeRecord else {
      isRefused = true
      return context.fireErrorCaught(NotTLS())
    }
    context.fireChannelRead(data)
    context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
  }
}
