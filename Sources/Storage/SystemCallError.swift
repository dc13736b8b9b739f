#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A system call that failed, and the error number that it gave.
public struct SystemCallError: Error, Hashable, CustomStringConvertible {
  public var call: String
  public var number: Int32

  public init(_ call: String, _ number: Int32) {
    self.call = call
    self.number = number
  }

  public var description: String { "\(call): \(String(cString: strerror(number)))" }
}

/// Turns the C convention (-1 and `errno`) into an error.
@discardableResult
package func check(_ call: String, _ result: Int32) throws(SystemCallError) -> Int32 {
  if result < 0 { throw SystemCallError(call, errno) }
  return result
}
