#if Server
  import ArgumentParser

  /// The shells' scripts, made safe for texts of a server. Bash's passes them to `compgen -W`, which expands what stands in
  /// them, command substitutions too; here they are compared as they are, and inserted quoted. Zsh's turns off history
  /// expansion while it completes, and with that the quoting of `!`.
  enum CompletionScript {
    struct Unknown: Error, CustomStringConvertible {
      var description: String {
        "This program was built with a version of Swift Argument Parser whose completion script it can't make safe."
      }
    }

    private static let expanding = #"__rpc-client_add_completions -W "$("#
    private static let literal = #"__rpc-client_offer_texts "$("#

    /// The words that a server has named: none of them is read by the shell. Readline itself would leave `$` and backquotes
    /// as they are. Where the user has opened a quote, only what needs none is offered: what is safe behind one quote isn't
    /// behind the other.
    private static let offerTexts = #"""
      __rpc-client_offer_texts() {
          local text quoted
          local -r plain="${cur//\\/}"
          local -r opened="${COMP_WORDS[COMP_CWORD]:0:1}"
          compopt -o noquote +o filenames
          while IFS='' read -r text; do
              printf -v quoted '%q' "${text}"
              if [[ -z "${text}" || "${text}" != "${plain}"* ]]; then
                  continue
              fi
              if [[ "${opened}" == [\"\'] && "${quoted}" != "${text}" ]]; then
                  continue
              fi
              COMPREPLY+=("${quoted}")
          done <<< "${1}"
      }


      """#

    /// - Throws: ``Unknown`` when the generated script isn't as it is known to be.
    static func bash(_ generated: String) throws -> String {
      let main = "_rpc-client() {\n"
      guard generated.contains(expanding), generated.contains("\n" + main),
        generated.contains("complete -o filenames -F _rpc-client rpc-client")
      else { throw Unknown() }
      let safe = generated.replacing(expanding, with: literal).replacing("\n" + main, with: "\n" + offerTexts + main)
      // Every other list of words is the program's own.
      guard !safe.contains(#"-W "$("#) else { throw Unknown() }
      return safe
    }

    /// - Throws: ``Unknown``, as ``bash(_:)``.
    static func zsh(_ generated: String) throws -> String {
      let off = "unsetopt aliases banghist\n"
      guard generated.contains(off) else { throw Unknown() }
      return generated.replacing(off, with: "unsetopt aliases\n")
    }
  }
#endif
