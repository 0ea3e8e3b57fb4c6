import Glibc

/// What a started server says of itself, once.
enum Banner {
  /// A trunk cut through, its rings, and the facts that tools and people look for; `PID: ` is what they match.
  static func logo(port: Int) -> String {
    """

                  _.---._
              _.-' .---. '-._          \(Release.name) \(Release.version) (Redis \(Release.redisVersion)), 64 bit
            .'  .-' .-. '-.  '.
           /  .'  .' _ '.  '.  \\       Running in standalone mode
          |  |   | ( o ) |   |  |      Port: \(port)
           \\  '.  '. ' .'  .'  /       PID: \(getpid())
            '.  '-. '-' .-'  .'
              '-._ '---' _.-'          Nothing is overwritten before its successor is complete.
                  '-----'


    """
  }

  /// The form for logs that nobody watches.
  static func line(port: Int) -> String { "Running mode=standalone, port=\(port)." }
}
